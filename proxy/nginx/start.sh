# Renders the templates with the NGINX_* variables of the environment and becomes nginx.
set -eu
: "${NGINX_FOLDER:=/tmp/nginx}" "${NGINX_LISTEN:=8080}" "${NGINX_UPSTREAM:=web:3000}" "${NGINX_RESOLVER:=127.0.0.11}"
: "${NGINX_RESOLVE_SECONDS:=5}" "${NGINX_STARTS_PER_MINUTE:=30}" "${NGINX_STARTS_BURST:=10}" "${NGINX_CONNECTIONS:=100}"
: "${NGINX_AUTH_REQUEST:=off}" "${NGINX_ACCESS_LOG:=/dev/stdout}"
export NGINX_FOLDER NGINX_LISTEN NGINX_UPSTREAM NGINX_RESOLVER NGINX_RESOLVE_SECONDS NGINX_STARTS_PER_MINUTE
export NGINX_STARTS_BURST NGINX_CONNECTIONS NGINX_AUTH_REQUEST NGINX_ACCESS_LOG
mkdir -p "$NGINX_FOLDER"
# Only these; nginx has variables of its own in the same form.
names=$(env | sed -n 's/^\(NGINX_[A-Z_]*\)=.*/${\1}/p')
for name in nginx.conf repl.conf; do
  envsubst "$names" < "/etc/repl_runner/$name.template" > "$NGINX_FOLDER/$name"
done
exec nginx -c "$NGINX_FOLDER/nginx.conf" -p "$NGINX_FOLDER" -e stderr -g 'daemon off;'
