namespace EchoService.IntegrationTests.Containers;

/// <summary>The tests of the image and of its containers, one after the other and after all else: they measure, and two cores are few.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ContainerSuite : ICollectionFixture<ContainerImage>
{
    public const string Name = "Containers";
}
