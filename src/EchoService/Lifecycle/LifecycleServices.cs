using EchoService.Transport;
using Microsoft.Extensions.Options;

namespace EchoService.Lifecycle;

/// <summary>Registers the phases and what moves the service through them.</summary>
internal static class LifecycleServices
{
    /// <summary>What the host gets for stopping Kestrel once the data plane is drained.</summary>
    private static readonly TimeSpan ManagementStop = TimeSpan.FromSeconds(5);

    public static void AddLifecycle(this IServiceCollection services)
    {
        services.AddSingleton<ServiceLifecycle>();
        services.AddHostedService<EchoHostedService>();
        // The host's limit holds the whole drain; the drain itself is bounded by its own deadline.
        services.AddSingleton<IConfigureOptions<HostOptions>>(provider =>
        {
            var drain = provider.GetRequiredService<DrainOptions>();
            var echo = provider.GetRequiredService<EchoOptions>();
            return new ConfigureOptions<HostOptions>(options =>
                options.ShutdownTimeout = drain.ReadinessDelay + drain.Timeout + echo.CloseTimeout + ManagementStop);
        });
    }
}
