# The SDK runs on the builder's own architecture and compiles for the target's. Builders without BuildKit define neither.
FROM --platform=${BUILDPLATFORM:-linux/amd64} mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
ARG TARGETARCH
# Leaves the builder's paths and clock out of the binaries: two builds of one commit give the same ones.
ENV CI=true
WORKDIR /src
# The restore is a layer of its own, used again until a package changes.
COPY .editorconfig global.json Directory.Build.props Directory.Packages.props ./
COPY src/EchoService/EchoService.csproj src/EchoService/packages.lock.json src/EchoService/
RUN dotnet restore src/EchoService --locked-mode --arch "${TARGETARCH:-$(dpkg --print-architecture)}" -p:PublishReadyToRun=true
COPY src/EchoService src/EchoService
ARG REVISION
# Framework-dependent, so that a fix in the runtime is a new base image and no new build; precompiled, so that a start
# waits for no compiler. Not trimmed: the base holds the framework, and the API's document is made by reflection.
# Without symbols: the logging generator puts its classes in an order of chance, which shows in line numbers alone.
RUN dotnet publish src/EchoService --no-restore --configuration Release --arch "${TARGETARCH:-$(dpkg --print-architecture)}" \
    --no-self-contained --output /app -p:PublishReadyToRun=true -p:SourceRevisionId="$REVISION" -p:DebugType=none

FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled
ARG REVISION
LABEL org.opencontainers.image.title="EchoService" \
      org.opencontainers.image.description="TCP echo server with a management API, a bounded drain and Prometheus metrics" \
      org.opencontainers.image.version="1.0.0" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="MIT"
WORKDIR /app
COPY --from=build /app .
# The diagnostics server writes a socket to /tmp, which a read-only root does not have. To use dotnet-counters or
# dotnet-dump set this to 1 and mount a /tmp.
ENV DOTNET_EnableDiagnostics=0
# The number and not the name, so that Kubernetes can see that it is not root.
USER 1654
EXPOSE 7007/tcp 7007/udp 8080/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s CMD ["/app/EchoService", "--healthcheck"]
ENTRYPOINT ["/app/EchoService"]
