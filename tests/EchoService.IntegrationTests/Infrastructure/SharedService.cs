namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>
/// The service that tests without a configuration of their own share: the one that <c>ECHO_TCP=host:port</c> and
/// <c>ECHO_HTTP=http://host:port</c> name, or else one in this process. Those tests run one after the other.
/// </summary>
public sealed class SharedService : IAsyncLifetime
{
    private EchoTarget? _target;

    internal EchoTarget Target => _target!;

    public async ValueTask InitializeAsync() => _target = await EchoHost.StartAsync();

    public async ValueTask DisposeAsync() => await Target.DisposeAsync();
}
