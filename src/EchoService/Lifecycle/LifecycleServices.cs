namespace EchoService.Lifecycle;

/// <summary>Registers the phases and what moves the service through them.</summary>
internal static class LifecycleServices
{
    public static void AddLifecycle(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ServiceLifecycle>();
        builder.Services.AddHostedService(services => services.GetRequiredService<ServiceLifecycle>());
    }
}
