{{- define "marina.name" -}}
{{- $name := .Release.Name -}}
{{- if not (contains "marina" $name) }}{{ $name = printf "%s-marina" $name }}{{ end -}}
{{- $name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{- define "marina.selector" -}}
app.kubernetes.io/name: marina
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "marina.labels" -}}
{{ include "marina.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* Not empty when blobs are kept in a bucket. */}}
{{- define "marina.s3" -}}
{{- if eq (dig "storage" "driver" "filesystem" .Values.config) "s3" }}yes{{ end -}}
{{- end }}

{{/* Not empty when the pods keep data on a volume. */}}
{{- define "marina.volume" -}}
{{- if or (not .Values.database.external) (not (include "marina.s3" .)) }}yes{{ end -}}
{{- end }}

{{/* Refuses values that cannot work, before pods start that would lose data or never become ready. */}}
{{- define "marina.check" -}}
{{- $many := or (gt (int .Values.replicas) 1) .Values.worker.enabled -}}
{{- $existing := .Values.secrets.existingSecret -}}
{{- if and $many (not .Values.database.external) -}}
{{- fail "replicas above 1 and worker.enabled need database.external: the embedded PostgreSQL serves one pod" -}}
{{- end -}}
{{- if and $many (include "marina.volume" .) (ne .Values.persistence.accessMode "ReadWriteMany") -}}
{{- fail "several pods need one volume: set persistence.accessMode to ReadWriteMany, or config.storage.driver to s3" -}}
{{- end -}}
{{- if and .Values.database.external (not .Values.secrets.databaseUrl) (not $existing) -}}
{{- fail "database.external needs secrets.databaseUrl, or secrets.existingSecret with database-url in it" -}}
{{- end -}}
{{- if and .Values.secrets.databaseUrl (not .Values.database.external) -}}
{{- fail "secrets.databaseUrl needs database.external: true; otherwise the embedded PostgreSQL is used" -}}
{{- end -}}
{{- if and (not (include "marina.volume" .)) (not .Values.secrets.secretKey) (not $existing) -}}
{{- fail "without a volume, set secrets.secretKey, or secrets.existingSecret with secret-key in it" -}}
{{- end -}}
{{- if and (include "marina.s3" .) (not (dig "s3" "bucket" "" .Values.config)) -}}
{{- fail "config.storage.driver s3 needs config.s3.bucket" -}}
{{- end -}}
{{- if and (include "marina.s3" .) (not (and .Values.secrets.s3AccessKey .Values.secrets.s3SecretKey)) (not $existing) -}}
{{- fail "s3 needs secrets.s3AccessKey and s3SecretKey, or existingSecret with s3-access-key and s3-secret-key" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.enabled needs ingress.host" -}}
{{- end -}}
{{- end }}

{{/* marina.yaml: the value config, with the settings that the chart decides itself. */}}
{{- define "marina.config" -}}
{{- $own := dict "port" 8080 "host" "0.0.0.0" "data_dir" "/data" -}}
{{- $_ := set $own "metrics" (.Values.metrics.enabled | ternary (dict "port" 9090 "host" "0.0.0.0") (dict "port" "off")) -}}
{{- if .Values.worker.enabled }}{{ $_ := set $own "jobs" (dict "workers" "none") }}{{ end -}}
{{- if and .Values.ingress.enabled (not (hasKey .Values.config "external_url")) -}}
{{- $_ := set $own "external_url" (printf "%s://%s" (empty .Values.ingress.tlsSecret | ternary "http" "https") .Values.ingress.host) -}}
{{- end -}}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $own) -}}
{{- end }}

{{/* For each key of the Secret: the environment variable and the value. */}}
{{- define "marina.secrets" -}}
admin-password: [MARINA_ADMIN_PASSWORD, {{ .Values.secrets.adminPassword | toJson }}]
secret-key: [MARINA_SECRET_KEY, {{ .Values.secrets.secretKey | toJson }}]
database-url: [MARINA_DATABASE_URL, {{ .Values.secrets.databaseUrl | toJson }}]
redis-url: [MARINA_REDIS_URL, {{ .Values.secrets.redisUrl | toJson }}]
s3-access-key: [MARINA_S3_ACCESS_KEY, {{ .Values.secrets.s3AccessKey | toJson }}]
s3-secret-key: [MARINA_S3_SECRET_KEY, {{ .Values.secrets.s3SecretKey | toJson }}]
https-proxy: [MARINA_HTTPS_PROXY, {{ .Values.secrets.httpsProxy | toJson }}]
http-proxy: [MARINA_HTTP_PROXY, {{ .Values.secrets.httpProxy | toJson }}]
notifications-secret: [MARINA_NOTIFICATIONS_SECRET, {{ .Values.secrets.notificationsSecret | toJson }}]
config-overwrite-json: [MARINA_CONFIG_OVERWRITE_JSON, {{ .Values.secrets.configOverwriteJson | toJson }}]
{{- end }}

{{/* A pod of either kind: root, part (serve or work), resources. */}}
{{- define "marina.pod" -}}
{{- $ := .root -}}
metadata:
  labels:
    {{- include "marina.selector" $ | nindent 4 }}
    app.kubernetes.io/component: {{ .part }}
  annotations:
    # A change of config starts new pods. Secrets have no checksum here: a hash would let readers guess passwords.
    checksum/config: {{ include "marina.config" $ | sha256sum }}
    {{- with $.Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  # A Service called marina would set variables (MARINA_PORT=tcp://...) that are no settings of Marina.
  enableServiceLinks: false
  automountServiceAccountToken: false
  # config.limits.drain is 30 s, then PostgreSQL ends.
  terminationGracePeriodSeconds: 75
  {{- with $.Values.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $.Values.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  {{- with $.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: marina
      image: {{ printf "%s:%s" $.Values.image.repository ($.Values.image.tag | default $.Chart.AppVersion) | quote }}
      imagePullPolicy: {{ $.Values.image.pullPolicy }}
      args: [{{ .part }}]
      env:
        - name: MARINA_CONFIG
          value: /etc/marina/marina.yaml
        {{- range $key, $row := include "marina.secrets" $ | fromYaml }}
        {{- if or $.Values.database.external (ne $key "database-url") }}
        - name: {{ index $row 0 }}
          valueFrom:
            secretKeyRef:
              name: {{ $.Values.secrets.existingSecret | default (include "marina.name" $) }}
              key: {{ $key }}
              {{- /* These two are mandatory: without them a pod would start with its own database or key. */}}
              optional: {{ not (or (eq $key "database-url") (and (eq $key "secret-key") (not (include "marina.volume" $)))) }}
        {{- end }}
        {{- end }}
        {{- if $.Values.caBundleSecret }}
        - name: NODE_EXTRA_CA_CERTS
          value: /etc/marina-ca/ca.crt
        {{- end }}
        {{- with $.Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- if or (eq .part "serve") $.Values.metrics.enabled }}
      ports:
        {{- if eq .part "serve" }}
        - name: http
          containerPort: 8080
        {{- end }}
        {{- if $.Values.metrics.enabled }}
        - name: metrics
          containerPort: 9090
        {{- end }}
      {{- end }}
      {{- if eq .part "serve" }}
      # Allows ten minutes for migrations, and for PostgreSQL to recover after a crash.
      startupProbe:
        httpGet: { path: /api/v2.0/ping, port: http }
        periodSeconds: 2
        failureThreshold: 300
      livenessProbe:
        httpGet: { path: /api/v2.0/ping, port: http }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      # 503 while the pod stops. While the database is away pods stay ready, and answer clients with 503.
      readinessProbe:
        httpGet: { path: /api/v2.0/health, port: http }
        periodSeconds: 5
        timeoutSeconds: 5
      lifecycle:
        preStop:
          # Time for the cluster to hear that this pod takes no more connections.
          exec: { command: [sleep, '5'] }
      {{- end }}
      {{- with $.Values.securityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        - { name: config, mountPath: /etc/marina, readOnly: true }
        - { name: data, mountPath: /data }
        - { name: tmp, mountPath: /tmp }
        {{- if not $.Values.database.external }}
        - { name: shm, mountPath: /dev/shm }
        {{- end }}
        {{- if $.Values.caBundleSecret }}
        - { name: ca-bundle, mountPath: /etc/marina-ca, readOnly: true }
        {{- end }}
        {{- with $.Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: config
      configMap:
        name: {{ include "marina.name" $ }}
    - name: data
      {{- if include "marina.volume" $ }}
      persistentVolumeClaim:
        claimName: {{ $.Values.persistence.existingClaim | default (include "marina.name" $) }}
      {{- else }}
      emptyDir: {}
      {{- end }}
    - name: tmp
      emptyDir: {}
    {{- if not $.Values.database.external }}
    # Parallel queries of PostgreSQL share data there; the default is 64 MB.
    - name: shm
      emptyDir: { medium: Memory, sizeLimit: 256Mi }
    {{- end }}
    {{- with $.Values.caBundleSecret }}
    - name: ca-bundle
      secret:
        secretName: {{ . | quote }}
    {{- end }}
    {{- with $.Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $.Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $.Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $.Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $.Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
