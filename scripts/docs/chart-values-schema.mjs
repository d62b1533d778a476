/**
 * What values of the Helm chart may be. `settings` are those of a configuration file, by the
 * setting table, so that a mistyped one is refused before anything is installed. In draft 7, the
 * latest that every Helm 3 knows: nothing of the settings' schema is of a later one.
 */
const text = { type: 'string' };
const texts = { type: 'object', additionalProperties: { type: 'string' } };
const quantity = { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$' };
const objects = { type: 'array', items: { type: 'object' } };

/** @param configuration  JSON schema of a configuration file */
export function chartValuesSchema(configuration) {
  const { $schema: _later, title: _title, ...settings } = configuration;
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the HyperCache chart',
    $comment: 'Made from the setting table by `npm run docs`; do not edit.',
    ...closed({
      replicaCount: { type: 'integer', minimum: 1 },
      image: closed({
        repository: { type: 'string', minLength: 1 },
        tag: text,
        pullPolicy: { enum: ['Always', 'IfNotPresent', 'Never'] },
      }),
      imagePullSecrets: objects,
      settings,
      auth: closed({ existingSecret: text, password: text, clusterKey: text }),
      memory: quantity,
      cpu: { ...quantity, type: ['string', 'number'] },
      storage: closed({ size: quantity, className: text }),
      service: closed({
        type: { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] },
        annotations: texts,
      }),
      antiAffinity: { enum: ['required', 'preferred'] },
      topologyKeys: { type: 'array', items: text },
      nodeSelector: texts,
      tolerations: objects,
      priorityClassName: text,
      podAnnotations: texts,
      disruptionBudget: closed({ maxUnavailable: { type: 'integer', minimum: 1 } }),
      networkPolicy: closed({
        enabled: { type: 'boolean' },
        clientLabels: texts,
        monitoringNamespace: text,
      }),
      serviceMonitor: closed({ enabled: { type: 'boolean' }, interval: text, labels: texts }),
      rules: closed({
        enabled: { type: 'boolean' },
        kind: { enum: ['PrometheusRule', 'ConfigMap'] },
        labels: texts,
      }),
      dashboards: closed({ enabled: { type: 'boolean' }, labels: texts }),
      clusterDomain: { type: 'string', minLength: 1 },
      // preStop takes 5 seconds, node.shutdown_timeout 10.
      terminationGracePeriodSeconds: { type: 'integer', minimum: 20 },
      // Helm's own, for charts that have this one as a part.
      global: { type: 'object' },
    }),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function closed(properties) {
  return { type: 'object', additionalProperties: false, properties };
}
