namespace EchoService.IntegrationTests.Diagnostics;

/// <summary>A service for tests that leave it as they found it.</summary>
public sealed class SharedMonitoredService : IAsyncLifetime
{
    internal MonitoredService Service { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Service = await MonitoredService.StartAsync();

    public ValueTask DisposeAsync() => Service.DisposeAsync();
}
