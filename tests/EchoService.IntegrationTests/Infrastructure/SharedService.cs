using System.Globalization;
using System.Net;

namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>
/// The service that tests without a configuration of their own share: the one that <c>ECHO_TCP=host:port</c> and
/// <c>ECHO_HTTP=http://host:port</c> name (with <c>ECHO_API_KEY</c> where it asks for a key), or else one in this
/// process. Those tests run one after the other, and expect to be its only clients.
/// </summary>
public sealed class SharedService : IAsyncLifetime
{
    private EchoTarget? _target;

    internal EchoTarget Target => _target!;

    public async ValueTask InitializeAsync() => _target = Environment.GetEnvironmentVariable("ECHO_TCP") switch
    {
        { Length: > 0 } tcp => await NameRunningServiceAsync(tcp),
        _ => await EchoHost.StartAsync(),
    };

    public async ValueTask DisposeAsync() => await Target.DisposeAsync();

    private static async Task<EchoTarget> NameRunningServiceAsync(string tcp)
    {
        var http = Environment.GetEnvironmentVariable("ECHO_HTTP");
        if (string.IsNullOrEmpty(http))
        {
            throw new InvalidOperationException("ECHO_TCP is set, so ECHO_HTTP must name the management API of the same service.");
        }

        var colon = tcp.LastIndexOf(':');
        var addresses = await Dns.GetHostAddressesAsync(tcp[..colon].Trim('[', ']'));
        var endPoint = new IPEndPoint(addresses[0], int.Parse(tcp[(colon + 1)..], CultureInfo.InvariantCulture));
        return new EchoTarget(endPoint, new Uri(http), Environment.GetEnvironmentVariable("ECHO_API_KEY"));
    }
}
