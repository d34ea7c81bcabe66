namespace EchoService.IntegrationTests.StatusPage;

/// <summary>The tests that share <see cref="Browser"/>, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserSuite : ICollectionFixture<Browser>
{
    public const string Name = "Browser";
}
