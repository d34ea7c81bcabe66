using System.Text.Json;
using EchoService.Configuration;
using EchoService.ControlPlane.Stats;
using EchoService.Diagnostics;
using EchoService.Lifecycle;
using EchoService.Transport;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace EchoService.ControlPlane.Banner;

/// <summary>Tells those who connect to <c>Echo:BannerPort</c> who it is that answers, behind whatever balancer.</summary>
internal static class BannerWriter
{
    /// <summary>Has the data plane, which knows neither phases nor URLs, begin such connections with the line.</summary>
    public static void UseBanner(this WebApplication app)
    {
        var lifecycle = app.Services.GetRequiredService<ServiceLifecycle>();
        var json = app.Services.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        var management = app.Services.GetRequiredService<ManagementOptions>().PublicUrl?.AbsoluteUri.TrimEnd('/');
        app.Services.GetRequiredService<EchoServer>().Banner = connection =>
        {
            var line = new BannerLine("echoservice", BuildInfo.Version, InstanceStats.Here, connection, lifecycle.Phase, management);
            return [.. JsonSerializer.SerializeToUtf8Bytes(line, json.GetTypeInfo(typeof(BannerLine))), (byte)'\n'];
        };
    }
}
