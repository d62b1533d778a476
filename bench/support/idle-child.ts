/** Opens connections, pings once on each, says so, and holds them: argv is port, count. */
import net from 'node:net';

const [port, count] = process.argv.slice(2).map(Number);
let openCount = 0;
let answeredCount = 0;

for (let i = 0; i < 64 && i < count; i++) open();
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));

function open(): void {
  if (openCount === count) return;
  openCount++;
  const socket = net.connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
  socket.on('data', () => {
    answeredCount++;
    if (answeredCount === count) process.stdout.write('ready\n');
    open();
  });
  socket.on('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  });
}
