namespace EchoService.Transport;

/// <summary>Registers the data plane.</summary>
internal static class TransportServices
{
    public static void AddTransport(this IServiceCollection services)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<EchoServer>();
    }
}
