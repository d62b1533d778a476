import { useState } from 'preact/hooks';
import { logIn } from '../api.ts';
import { Field, Said } from '../parts/common.tsx';

export function LoginView() {
  const [user, setUser] = useState('default');
  const [password, setPassword] = useState('');
  const [error, setError] = useState('');
  const [isAsking, setIsAsking] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setIsAsking(true);
    const refusal = await logIn(user, password);
    setError(refusal);
    setIsAsking(false);
  };
  return (
    <main class="login">
      <form class="panel" onSubmit={submit}>
        <h1>HyperCache</h1>
        <p class="quiet">
          This node wants a password: that of requirepass, or of a user of its ACL.
        </p>
        <Field label="User">
          <input
            value={user}
            autocomplete="username"
            onInput={(event) => setUser(event.currentTarget.value)}
          />
        </Field>
        <Field label="Password">
          <input
            type="password"
            value={password}
            autocomplete="current-password"
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </Field>
        <Said error={error} />
        <button type="submit" class="main" disabled={isAsking}>
          Log in
        </button>
        <p class="quiet">It is kept in this page alone, until you close it or load it anew.</p>
      </form>
    </main>
  );
}
