using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Prometheus;

namespace EchoService.Probe.Metrics;

/// <summary>A registry at <c>/metrics</c>, over HTTP, on all addresses.</summary>
/// <remarks>Kestrel without the host around it, which would take the signals that end a run.</remarks>
internal sealed class MetricsServer : IHttpApplication<HttpContext>, IAsyncDisposable
{
    /// <summary>Connections beyond these are closed as they come: a stranger cannot take the descriptors that the run needs.</summary>
    private const int MostConnections = 32;

    /// <summary>How long a connection may wait with no request or with half of one. Who scrapes less often connects anew.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>What a scrape that is in hand at the end has.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly CollectorRegistry _registry;
    private readonly KestrelServer _server;

    private MetricsServer(int port, CollectorRegistry registry)
    {
        _registry = registry;
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.MaxConcurrentConnections = MostConnections;
        options.Limits.KeepAliveTimeout = options.Limits.RequestHeadersTimeout = Patience;
        options.ListenAnyIP(port, listen => listen.Protocols = HttpProtocols.Http1);
        _server = new KestrelServer(
            Options.Create(options), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance), NullLoggerFactory.Instance);
    }

    /// <exception cref="IOException">The port is taken or not allowed.</exception>
    public static async Task<MetricsServer> StartAsync(int port, CollectorRegistry registry)
    {
        var server = new MetricsServer(port, registry);
        try
        {
            await server._server.StartAsync(server, CancellationToken.None).ConfigureAwait(false);
            return server;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            server._server.Dispose();
            throw new IOException($"--metrics-port {port}: cannot be listened on: {e.Message}", e);
        }
    }

    HttpContext IHttpApplication<HttpContext>.CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    void IHttpApplication<HttpContext>.DisposeContext(HttpContext context, Exception? exception)
    {
        // It holds nothing.
    }

    async Task IHttpApplication<HttpContext>.ProcessRequestAsync(HttpContext context)
    {
        var response = context.Response;
        if (context.Request.Path != "/metrics")
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        response.ContentType = PrometheusConstants.TextContentTypeWithVersionAndEncoding;
        await _registry.CollectAndExportAsTextAsync(response.Body, context.RequestAborted).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        using var over = new CancellationTokenSource(Grace);
        await _server.StopAsync(over.Token).ConfigureAwait(false);
        _server.Dispose();
    }
}
