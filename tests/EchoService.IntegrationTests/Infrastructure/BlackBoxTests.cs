namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>Tests that need no configuration of their own, so that a deployment can be checked with them.</summary>
[Collection(BlackBox.Name)]
[Trait("Category", BlackBox.Category)]
public abstract class BlackBoxTests(SharedService shared) : ServiceTests
{
    private protected EchoTarget Service => shared.Target;

    public override async ValueTask InitializeAsync() => await ShareAsync(Service);
}
