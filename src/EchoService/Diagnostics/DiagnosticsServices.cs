using EchoService.Diagnostics.Export;
using EchoService.Diagnostics.Metrics;
using EchoService.Lifecycle;
using EchoService.Transport;

namespace EchoService.Diagnostics;

/// <summary>Registers the metrics and what takes them out.</summary>
internal static class DiagnosticsServices
{
    public static void AddDiagnostics(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ConnectionTimes>();
        builder.Services.AddSingleton<IConnectionObserver>(services => services.GetRequiredService<ConnectionTimes>());
        builder.Services.AddSingleton(services =>
            EchoMetrics.Declare(services.GetRequiredService<EchoServer>(), services.GetRequiredService<ServiceLifecycle>()));
        builder.Services.AddSingleton(services => FaultMetrics.Declare(services.GetRequiredService<EchoServer>().Faults));
        builder.Services.AddSingleton<PrometheusScrape>();
        builder.Services.AddSingleton<EchoMeter>();
        builder.Services.AddHostedService<OtlpPush>();
        builder.Services.AddHostedService<TrafficSummary>();
    }
}
