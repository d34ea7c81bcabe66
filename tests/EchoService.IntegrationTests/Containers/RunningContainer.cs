using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Containers;

/// <summary>A service with its default settings, without a key, that the tests of a class share.</summary>
public sealed class RunningContainer : IAsyncLifetime
{
    internal EchoContainer Service { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        if (Requirements.Has(Need.Engine))
        {
            Service = await EchoContainer.StartAsync(builder => builder.WithoutApiKey());
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Service is not null)
        {
            await Service.DisposeAsync();
        }
    }
}
