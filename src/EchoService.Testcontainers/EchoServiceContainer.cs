using System.Net;
using System.Net.Sockets;
using DotNet.Testcontainers.Containers;

namespace EchoService.Testcontainers;

/// <summary>
/// A container of EchoService: where it echoes, and its management API. Endpoints are known once it has started, and may
/// be others after it was started again.
/// </summary>
/// <param name="configuration">What the builder was told.</param>
public sealed class EchoServiceContainer(EchoServiceConfiguration configuration) : DockerContainer(configuration)
{
    private readonly Lock _lock = new();
    private EchoManagementClient? _management;

    /// <summary>Where it echoes over TCP.</summary>
    public IPEndPoint EchoEndPoint => Published(EchoServiceBuilder.EchoPort, "tcp");

    /// <summary>Where it sends a line that says who answers, and then echoes.</summary>
    /// <exception cref="InvalidOperationException">It does not: the builder was not told so by <see cref="EchoServiceBuilder.WithBanner"/>.</exception>
    public IPEndPoint BannerEndPoint => configuration.HasBanner == true
        ? Published(EchoServiceBuilder.BannerPort, "tcp")
        : throw new InvalidOperationException($"There is no banner port without {nameof(EchoServiceBuilder)}.{nameof(EchoServiceBuilder.WithBanner)}().");

    /// <summary>Where it echoes over UDP. The port is another than that of <see cref="EchoEndPoint"/>.</summary>
    /// <exception cref="InvalidOperationException">It does not: the builder was not told so by <see cref="EchoServiceBuilder.WithUdp"/>.</exception>
    public IPEndPoint UdpEndPoint => configuration.HasUdp == true
        ? Published(EchoServiceBuilder.EchoPort, "udp")
        : throw new InvalidOperationException($"UDP is off without {nameof(EchoServiceBuilder)}.{nameof(EchoServiceBuilder.WithUdp)}().");

    /// <summary>
    /// Where it echoes over TCP for those who reach the engine's network: other containers, and on Linux the machine itself.
    /// A published port may be served by a proxy process of the engine's, which turns a reset into a FIN, accepts where
    /// nobody listens, and holds bytes in its buffers; here there is nobody in between.
    /// </summary>
    public IPEndPoint DirectEchoEndPoint => new(IPAddress.Parse(IpAddress), EchoServiceBuilder.EchoPort);

    /// <summary>Where the management API is.</summary>
    public Uri ManagementAddress => new UriBuilder(Uri.UriSchemeHttp, Hostname, GetMappedPublicPort(EchoServiceBuilder.ManagementPort)).Uri;

    /// <summary>The key of the management API; null where it has none.</summary>
    public string? ApiKey => configuration.ApiKey is { Length: > 0 } key ? key : null;

    /// <summary>The management API, called with the key. It ends with the container.</summary>
    public EchoManagementClient Management
    {
        get
        {
            var address = ManagementAddress;
            lock (_lock)
            {
                if (_management?.Address != address)
                {
                    // Started again, by another port.
                    _management?.Dispose();
                    _management = new EchoManagementClient(address, ApiKey);
                }

                return _management;
            }
        }
    }

    /// <inheritdoc/>
    protected override async ValueTask DisposeAsyncCore()
    {
        lock (_lock)
        {
            _management?.Dispose();
        }

        await base.DisposeAsyncCore().ConfigureAwait(false);
    }

    private IPEndPoint Published(ushort port, string protocol) => new(Resolve(Hostname), GetMappedPublicPort($"{port}/{protocol}"));

    // By IPv4 where there is a choice: not every engine publishes by both.
    private static IPAddress Resolve(string host) =>
        IPAddress.TryParse(host, out var address) ? address : Dns.GetHostAddresses(host).OrderBy(candidate => candidate.AddressFamily != AddressFamily.InterNetwork).First();
}
