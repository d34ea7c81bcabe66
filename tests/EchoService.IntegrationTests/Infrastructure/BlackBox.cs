namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>The tests that share <see cref="SharedService"/>.</summary>
[CollectionDefinition(Name)]
public sealed class BlackBox : ICollectionFixture<SharedService>
{
    public const string Name = "Black box";

    /// <summary>The trait by which <c>dotnet test --filter Category=BlackBox</c> finds them.</summary>
    public const string Category = "BlackBox";
}
