# The lock files go into the SBOM: what they name, the compiler and so the runtime too, cannot be found in native code.
ARG BUILDKIT_SBOM_SCAN_CONTEXT=true

# The SDK's variant with what linking native code needs. Each architecture is built on a machine of its own.
# Both bases by tag and not by digest: no registry was in reach to ask for one where this was written. Dependabot watches
# them, and .github/workflows/rebuild.yml says each day whether their fixes are due.
FROM mcr.microsoft.com/dotnet/sdk:10.0-noble-aot AS build
# Leaves the builder's paths and clock out of the programs: two builds of one commit give the same ones.
ENV CI=true
WORKDIR /src
# The restore is a layer of its own, used again until a package changes.
COPY .editorconfig global.json Directory.Build.props Directory.Packages.props ./
COPY src/Directory.Build.targets src/Native.props src/
COPY src/EchoService/EchoService.csproj src/EchoService/packages.lock.json src/EchoService/
COPY src/EchoService.Probe/EchoService.Probe.csproj src/EchoService.Probe/packages.lock.json src/EchoService.Probe/
RUN dotnet restore src/EchoService --locked-mode --use-current-runtime \
    && dotnet restore src/EchoService.Probe --locked-mode --use-current-runtime
# The probe first: it changes less often than the service, and compiling either takes a minute.
ARG REVISION
COPY src/EchoService.Probe src/EchoService.Probe
RUN dotnet publish src/EchoService.Probe --no-restore --configuration Release --use-current-runtime --output /app -p:SourceRevisionId="$REVISION"
COPY src/EchoService src/EchoService
RUN dotnet publish src/EchoService --no-restore --configuration Release --use-current-runtime --output /app -p:SourceRevisionId="$REVISION"

FROM mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled
ARG REVISION
LABEL org.opencontainers.image.title="EchoService" \
      org.opencontainers.image.description="TCP echo server with a management API, a bounded drain and Prometheus metrics" \
      org.opencontainers.image.version="1.0.0" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="MIT"
WORKDIR /app
COPY --from=build /app .
# The diagnostics server, in native code too, writes a socket to /tmp, which a read-only root does not have. To use
# dotnet-counters or dotnet-trace set this to 1 and mount a /tmp.
ENV DOTNET_EnableDiagnostics=0
# The number and not the name, so that Kubernetes can see that it is not root.
USER 1654
EXPOSE 7007/tcp 7007/udp 7008/tcp 8080/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s CMD ["/app/EchoService", "--healthcheck"]
ENTRYPOINT ["/app/EchoService"]
