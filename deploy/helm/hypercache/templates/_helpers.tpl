{{- define "hypercache.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "hypercache.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "hypercache.labels" -}}
{{ include "hypercache.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "hypercache.secret" -}}
{{- .Values.auth.existingSecret | default (include "hypercache.name" .) -}}
{{- end -}}

{{- /* Of the headless Service: the one place where nodes find each other. */ -}}
{{- define "hypercache.nodes" -}}
{{- printf "%s-nodes" (include "hypercache.name" .) -}}
{{- end -}}
