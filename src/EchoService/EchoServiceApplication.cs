using System.Net.Sockets;
using System.Security.Cryptography;
using EchoService.Configuration;
using EchoService.ControlPlane;
using EchoService.Diagnostics;
using EchoService.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Udp;
using Log = EchoService.ControlPlane.Log;

namespace EchoService;

/// <summary>Puts the service together. The program and the tests start the same one.</summary>
internal static class EchoServiceApplication
{
    /// <summary>Runs the service until a signal ends it.</summary>
    /// <returns>The exit code: 0, or 1 when it could not start; standard error then says why, one line per problem.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            await using var app = Build(args);
            await StartAsync(app);
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (StartupException exception)
        {
            foreach (var problem in exception.Problems)
            {
                await Console.Error.WriteLineAsync(problem);
            }

            return 1;
        }
    }

    /// <param name="args">Command-line settings such as <c>--Echo:Port=0</c>.</param>
    /// <param name="configure">What a test replaces, applied last.</param>
    /// <exception cref="StartupException">The configuration is bad.</exception>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = CreateBuilder(args);
        // Below that the host reports a failed start, with a stack trace; RunAsync says it in one line.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        builder.AddConfiguration();
        builder.AddTransport();
        builder.AddDiagnostics();
        builder.AddLifecycle();
        builder.AddControlPlane();
        configure?.Invoke(builder);

        var app = builder.Build();
        app.UseControlPlane();
        return app;
    }

    private static WebApplicationBuilder CreateBuilder(string[] args)
    {
        try
        {
            return WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        }
        catch (Exception exception) when (exception is FormatException or InvalidDataException)
        {
            // A command line or an appsettings.json that cannot be read at all.
            throw new StartupException($"configuration: {(exception.InnerException ?? exception).Message}");
        }
    }

    private static async Task StartAsync(WebApplication app)
    {
        try
        {
            await app.StartAsync();
            var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(Log).Namespace!);
            foreach (var url in app.Urls)
            {
                Log.Listening(logger, url);
            }
        }
        catch (SocketException exception) when (!app.Services.GetRequiredService<EchoServer>().IsListening)
        {
            throw new StartupException(DescribeEcho(exception, app.Services.GetRequiredService<EchoOptions>()));
        }
        catch (Exception exception) when (exception is IOException or SocketException or CryptographicException or UnauthorizedAccessException
            || exception.Source == "Microsoft.AspNetCore.Server.Kestrel.Core")
        {
            var settings = ManagementEndpoints.Configured(app.Configuration).Select(setting => $"{setting.Key} = \"{setting.Value}\"");
            var reason = exception.Message.ReplaceLineEndings(" ");
            throw new StartupException($"{string.Join(", ", settings)}: the management API cannot listen: {reason}");
        }
    }

    private static string DescribeEcho(SocketException exception, EchoOptions options) => exception.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => $"Echo:Port = \"{options.Port}\": is taken on {options.Address}{(exception is UdpBindException ? " for UDP" : "")}; must be a free port, or 0 for any",
        SocketError.AccessDenied => $"Echo:Port = \"{options.Port}\": is not allowed to this user; must be 1024 or above, or 0 for any, without CAP_NET_BIND_SERVICE",
        SocketError.AddressNotAvailable => $"Echo:Address = \"{options.Address}\": is not here; must be an address of this machine, or :: for all",
        _ => $"Echo:Address = \"{options.Address}\", Echo:Port = \"{options.Port}\": cannot be listened on: {new SocketException((int)exception.SocketErrorCode).Message}",
    };
}
