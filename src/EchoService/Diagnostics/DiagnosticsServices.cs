using EchoService.Transport;

namespace EchoService.Diagnostics;

/// <summary>Registers counters, meters and what exports them.</summary>
internal static class DiagnosticsServices
{
    public static void AddDiagnostics(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<EchoMetrics>();
        builder.Services.AddSingleton<IConnectionObserver>(services => services.GetRequiredService<EchoMetrics>());
        builder.Services.AddSingleton<EchoInstruments>();
        builder.Services.AddSingleton<PrometheusReader>();
        builder.Services.AddHostedService<MetricsExport>();
        builder.Services.AddHostedService<TrafficSummary>();
    }
}
