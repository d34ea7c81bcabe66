using System.Text.Json.Serialization;
using EchoService.ControlPlane.Access;
using EchoService.ControlPlane.Banner;
using EchoService.ControlPlane.Clients;
using EchoService.ControlPlane.Connections;
using EchoService.ControlPlane.Document;
using EchoService.ControlPlane.Drain;
using EchoService.ControlPlane.Events;
using EchoService.ControlPlane.Faults;
using EchoService.ControlPlane.Health;
using EchoService.ControlPlane.Metrics;
using EchoService.ControlPlane.Page;
using EchoService.ControlPlane.Requests;
using EchoService.ControlPlane.Stats;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace EchoService.ControlPlane;

/// <summary>Registers the management API and maps it.</summary>
internal static class ControlPlaneServices
{
    /// <summary>The largest body that any call takes; what they take needs a tenth of it.</summary>
    private const int MaxBodySize = 16_384;

    /// <summary>All headers of a request together; browsers with cookies of other services on the same host need the most.</summary>
    public const int MaxHeadersSize = 16_384;

    /// <summary>Bytes of an answer that wait for a client that does not read, beside what the kernel takes.</summary>
    private const int MaxUnread = 16_384;

    /// <summary>Callers are machines: they send a request at once, and connect anew at no cost when a scrape is further away.</summary>
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan KeepAliveTimeout = TimeSpan.FromSeconds(20);

    public static void AddControlPlane(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ManagementConnections>();
        // Kestrel asks the factory that was added last, before its own.
        builder.Services.AddSingleton<IConnectionListenerFactory, ManagementListenerFactory>();
        builder.Services.AddSingleton(services => ManagementMetrics.Declare(services.GetRequiredService<ManagementConnections>()));
        builder.Services.AddSingleton<WrongKeys>();
        builder.Services.AddSingleton<StatsReader>();
        builder.Services.AddSingleton<EventStream>();
        builder.Services.AddApiDocument();
        // What cannot be bound becomes a problem+json that says why (Problems.cs), in every environment.
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.Configure<KestrelServerOptions>(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = MaxBodySize;
            options.Limits.MaxRequestHeadersTotalSize = MaxHeadersSize;
            options.Limits.MaxRequestBufferSize = ManagementListenerFactory.ReadAhead;
            options.Limits.MaxResponseBufferSize = MaxUnread;
            options.Limits.RequestHeadersTimeout = HeadersTimeout;
            options.Limits.KeepAliveTimeout = KeepAliveTimeout;
        });
        builder.Services.ConfigureHttpJsonOptions(options =>
        {
            var json = options.SerializerOptions;
            json.TypeInfoResolverChain.Insert(0, ControlPlaneJson.Default);
            foreach (var converter in ControlPlaneJson.EnumConverters)
            {
                json.Converters.Add(converter);
            }

            // Bodies are taken as they are meant: "5" is no 5, and of two values for one name neither is right.
            // Their types refuse names that they do not know (JsonUnmappedMemberHandling).
            json.AllowDuplicateProperties = false;
            json.NumberHandling = JsonNumberHandling.Strict;
            json.PropertyNameCaseInsensitive = false;
        });
    }

    public static void UseControlPlane(this WebApplication app)
    {
        app.UseManagementConnections();
        app.UseSecurityHeaders();
        app.UseHead();
        app.UseEmptyBodies();
        app.UseRouting();
        app.UseRequestMetrics();
        app.UseProblems();
        app.UseMiddleware<AccessRule>();
        app.UseApiDocument();
        app.MapHealth();
        app.MapStats();
        app.MapEvents();
        app.MapClients();
        app.MapDrain();
        app.MapFaults();
        app.MapMetrics();
        app.MapStatusPage();
        app.UseBanner();
    }
}
