using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.ControlPlane;

/// <summary>Tests of the management API of a service of their own, over HTTP.</summary>
public abstract class ApiTests : ServiceTests
{
    private protected EchoHost Host { get; private set; } = null!;

    private protected ApiClient Api { get; private set; } = null!;

    public override async ValueTask InitializeAsync()
    {
        Host = await StartAsync("Echo:Address=::");
        Api = new ApiClient(Host.ManagementUri);
    }
}
