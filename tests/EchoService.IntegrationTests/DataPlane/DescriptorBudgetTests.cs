using EchoService.Transport;
using EchoService.Transport.Accepting;

namespace EchoService.IntegrationTests.DataPlane;

public sealed class DescriptorBudgetTests
{
    [Theory]
    [InlineData(376, 16, 8)]
    [InlineData(512, 120, 40)]
    [InlineData(1024, 504, 168)]
    [InlineData(4096, 3488, 256)]
    [InlineData(20_000, 10_000, 256)]
    [InlineData(null, 10_000, 256)]
    public void PlanesShareWhatTheProcessDoesNotNeedForItself(int? descriptors, int connections, int management) =>
        DescriptorBudget.Share(descriptors, new EchoOptions(), 256, socketThreads: 16).ShouldBe(new DescriptorBudget(connections, management));

    [Theory]
    [InlineData(512, 4, 117)]
    [InlineData(512, 256, 1)]
    public void TheListenerWithABannerTakesASocketAndItsAccepts(int descriptors, int pendingAccepts, int connections) =>
        DescriptorBudget.Share(descriptors, new EchoOptions { BannerPort = 0, PendingAccepts = pendingAccepts }, 256, socketThreads: 2).Connections.ShouldBe(connections);
}
