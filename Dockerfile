# Clientele in an image. It runs as an ordinary user and writes to /data and /tmp alone, so its root may be read-only:
#
#   docker build -t clientele .
#   docker run --init --read-only --tmpfs /tmp --volume clientele:/data --publish 127.0.0.1:4000:4000 \
#     --env CLIENTELE_PUBLIC_URL=https://crm.example.com --env DATABASE_URL=postgresql://… --stop-timeout 60 clientele
#
# Without DATABASE_URL it keeps an embedded PostgreSQL in /data. compose.yaml has all of it together.
# It is made of a Debian, for the embedded PostgreSQL needs glibc.

FROM node:24-bookworm-slim AS dependencies
WORKDIR /opt/clientele
COPY package.json package-lock.json ./
# The image has a Node of its own, so the one that npm brings is left out.
RUN npm ci --omit=dev --ignore-scripts && rm -rf node_modules/node-linux-* node_modules/.bin/node

FROM node:24-bookworm-slim AS console
WORKDIR /opt/clientele
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . ./
RUN npm run build

FROM node:24-bookworm-slim
RUN groupadd --gid 10001 clientele \
  && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin clientele \
  && install --directory --owner=clientele --group=clientele --mode=700 /data \
  && ln --symbolic /opt/clientele/cli/clientele.js /usr/local/bin/clientele
WORKDIR /opt/clientele
COPY --from=dependencies /opt/clientele/node_modules ./node_modules
COPY package.json LICENSE ./
COPY config ./config
COPY migrations ./migrations
COPY contract ./contract
COPY client ./client
COPY server ./server
COPY cli ./cli
COPY --from=console /opt/clientele/console/dist ./console/dist
# The one thing that a first start would write here.
RUN node server/prepare-postgres.ts

ENV CLIENTELE_ENV=production
ENV HOST=0.0.0.0
ENV PORT=4000
ENV CLIENTELE_DATA=/data
VOLUME /data
EXPOSE 4000
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--min-semi-space-size=8", "--max-semi-space-size=32", "cli/clientele.js"]
CMD ["serve"]
