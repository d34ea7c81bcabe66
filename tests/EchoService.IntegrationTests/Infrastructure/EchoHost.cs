using System.Net;
using System.Net.Sockets;
using EchoService.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Accepting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>The whole service in this process, started as the program starts it, on ports of its own.</summary>
internal sealed class EchoHost : EchoTarget
{
    private readonly WebApplication _application;
    private bool _isDisposed;

    private EchoHost(WebApplication application, EchoServer server)
        : base(new IPEndPoint(IPAddress.Loopback, server.EndPoint!.Port), Reachable(new Uri(application.Urls.First())))
    {
        _application = application;
        Server = server;
    }

    public EchoServer Server { get; }

    /// <summary>Where it echoes after a banner.</summary>
    public IPEndPoint BannerEndPoint => new(IPAddress.Loopback, Server.BannerEndPoint!.Port);

    public ServiceLifecycle Lifecycle => _application.Services.GetRequiredService<ServiceLifecycle>();

    /// <summary>A service of the application.</summary>
    public T Service<T>()
        where T : notnull => _application.Services.GetRequiredService<T>();

    /// <summary>Another listener of the same server, not started: whoever connects stays in the kernel's backlog.</summary>
    public ConnectionListener BindListener() =>
        ConnectionListener.Listen(Server.ListenerContext, ListenerKind.Echo, BoundPort.Bind(Server.Options, port: 0), new DescriptorReserve(0, AddressFamily.InterNetwork));

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
            return new EchoHost(application, application.Services.GetRequiredService<EchoServer>());
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends it as the host does after a signal: the drain comes first.</summary>
    public Task StopAsync() => _application.StopAsync(TestContext.Current.CancellationToken);

    /// <summary>Ends it, once: a test that looks at its end is followed by the end of the test.</summary>
    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
        {
            return;
        }

        await _application.StopAsync(CancellationToken.None);
        await _application.DisposeAsync();
        await base.DisposeAsync();
    }

    // A test may have it listen on all addresses, which is not one that can be called.
    private static Uri Reachable(Uri management) =>
        management.Host is "0.0.0.0" or "[::]" ? new UriBuilder(management) { Host = "127.0.0.1" }.Uri : management;
}
