namespace EchoService.Transport;

/// <summary>Registers the data plane.</summary>
internal static class TransportServices
{
    public static void AddTransport(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<EchoServer>();
    }
}
