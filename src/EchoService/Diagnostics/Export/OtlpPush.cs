using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace EchoService.Diagnostics.Export;

/// <summary>
/// Pushes the service's meter and the platform's by OTLP when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set; else nothing of
/// the OpenTelemetry SDK is made. The scrape has no part in it: no <c>OTEL_*</c> setting changes what it says.
/// </summary>
/// <remarks>A hosted service so that it listens to the meters before the first client or request comes.</remarks>
internal sealed class OtlpPush : IHostedService, IDisposable
{
    private const string EndpointKey = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private static readonly string[] Meters =
        [EchoMeter.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];

    private readonly MeterProvider? _provider;

    // The meter is a parameter so that it is made: nothing else asks for it.
    public OtlpPush(EchoMeter meter, IMeterFactory meters, IConfiguration configuration)
    {
        _ = meter;
        if (string.IsNullOrEmpty(configuration[EndpointKey]))
        {
            return;
        }

        _provider = Sdk.CreateMeterProviderBuilder()
            // The standard OTEL_* settings, from wherever configuration comes from and not from the environment alone.
            .ConfigureServices(services => services.AddSingleton(configuration))
            .ConfigureResource(resource => resource.AddService("echoservice", serviceVersion: BuildInfo.Version, serviceInstanceId: Environment.MachineName))
            .AddMeter(Meters)
            // A meter of another service in this process has the same name but comes from another factory.
            .AddView(instrument => instrument.Meter.Scope is null || ReferenceEquals(instrument.Meter.Scope, meters) ? null : MetricStreamConfiguration.Drop)
            .AddOtlpExporter()
            .Build();
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Pushes the final figures, where they are pushed at all, and stops.</summary>
    public void Dispose() => _provider?.Dispose();
}
