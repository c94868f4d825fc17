# The runner (target `runner`), its guard (target `guard`) and the host app (target `web`), from one build. Builds with the classic builder as well.
#
# BASE_IMAGE is a Debian with Node ≥ 20.19 and npm, or any Debian: where there is no Node, Debian's own is installed.
# Where no registry of packages can be reached, `node scripts/outside-build.mjs` puts dependencies and build into .cache/outside,
# which is then taken as it is.
ARG BASE_IMAGE=node:20-slim

FROM ${BASE_IMAGE} AS base
RUN set -eu; \
    if ! command -v node > /dev/null; then \
      apt-get update; \
      apt-get install -y --no-install-recommends nodejs; \
      rm -rf /var/lib/apt/lists/*; \
    fi; \
    node -e "const [a, b] = process.versions.node.split('.').map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)"
WORKDIR /app

FROM base AS build
# The pattern keeps the copy from failing where there is no such folder.
COPY package.json package-lock.json tsconfig.json tsconfig.build.json .cache/outsid[e] ./
COPY src/ src/
COPY client/ client/
COPY proxy/ proxy/
COPY guard/ guard/
COPY scripts/ scripts/
COPY examples/ examples/
COPY images/ images/
COPY test/bench/ test/bench/
RUN set -eu; \
    if [ ! -d dist ]; then \
      npm ci --ignore-scripts --no-audit --no-fund; \
      npm run --silent build; \
      npm prune --omit=dev --no-audit --no-fund; \
    fi; \
    rm -rf dist/test; \
    # Only where it is needed: each file that is touched is copied into the layer once more.
    find node_modules dist images examples package.json \
      \( -type d ! -perm -555 -o -type f ! -perm -444 -o ! -type l -perm /022 \) -exec chmod a=rX {} +

FROM base AS app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules/ node_modules/
COPY --from=build /app/dist/ dist/
COPY --from=build /app/images/ images/
COPY --from=build /app/examples/ examples/
ARG SHA=unknown
ENV NODE_ENV=production SHA=${SHA}
# Nobody in particular: no name, no home, owner of no file.
USER 41967:41967

FROM app AS web
EXPOSE 3000
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:3000/alive').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/examples/web/server.js"]

FROM app AS guard
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "require('http').get({ socketPath: '/run/repl_guard/docker.sock', path: '/_ping' }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
CMD ["node", "dist/guard/main.js"]

FROM app AS runner
EXPOSE 4657
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4657/alive').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/main.js"]
