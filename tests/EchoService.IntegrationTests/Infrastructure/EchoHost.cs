using System.Net;
using EchoService.Lifecycle;
using EchoService.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>The whole service in this process, started as the program starts it, on ports of its own.</summary>
internal sealed class EchoHost : EchoTarget
{
    private readonly WebApplication _application;

    private EchoHost(WebApplication application)
    {
        _application = application;
        Server = application.Services.GetRequiredService<EchoServer>();
    }

    public EchoServer Server { get; }

    public ServiceLifecycle Lifecycle => _application.Services.GetRequiredService<ServiceLifecycle>();

    public override IPEndPoint EndPoint => new(IPAddress.Loopback, Server.EndPoint!.Port);

    /// <summary>Where the management API is.</summary>
    public Uri ManagementUri => new(_application.Urls.First());

    /// <summary>Starts it.</summary>
    /// <param name="settings">What differs from the defaults, as <c>Echo:MaxConnections=2</c>.</param>
    public static async Task<EchoHost> StartAsync(params string[] settings)
    {
        string[] defaults =
        [
            "Echo:Port=0", "urls=http://127.0.0.1:0", "Logging:LogLevel:Default=Warning",
            "Drain:ReadinessDelay=00:00:00", "Drain:Spread=00:00:00", "Drain:Timeout=00:00:05",
        ];
        var application = EchoServiceApplication.Build([.. defaults.Concat(settings).Select(setting => $"--{setting}")]);
        try
        {
            await application.StartAsync(TestContext.Current.CancellationToken);
            return new EchoHost(application);
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }
    }

    public override Task<ServiceStats> GetStatsAsync()
    {
        var counters = Server.Counters;
        var (received, sent) = counters.ReadBytes();
        return Task.FromResult(new ServiceStats
        {
            Active = Server.Limit.Active,
            Peak = Server.Limit.Peak,
            Limit = Server.Limit.Limit,
            Accepted = counters.Accepted,
            Closed = Enum.GetValues<CloseReason>().ToDictionary(reason => Camel(reason), counters.Closed),
            Rejected = Enum.GetValues<RejectReason>().ToDictionary(reason => Camel(reason), counters.Rejected),
            BytesReceived = received,
            BytesSent = sent,
            EventArgsCapacity = Server.EventArgs.Capacity,
            EventArgsCreated = Server.EventArgs.Created,
            EventArgsInUse = Server.EventArgs.InUse,
            BufferBytesInUse = Server.Buffers.BytesInUse,
            BufferBytesReserved = Server.Buffers.BytesReserved,
        });
    }

    public override Task<long> GetNewestIdAsync() => Task.FromResult(Server.Connections.Live.Max(connection => connection.Id));

    public override Task KillAsync(long id, string mode)
    {
        Server.Connections.TryFind(id, out var connection).ShouldBeTrue();
        (mode == "reset" ? connection.Abort(CloseReason.Admin) : connection.Close(CloseReason.Admin)).ShouldBeTrue();
        return Task.CompletedTask;
    }

    public Task StopAsync() => _application.StopAsync(TestContext.Current.CancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await _application.StopAsync(CancellationToken.None);
        await _application.DisposeAsync();
    }

    private static string Camel(Enum value) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
