using System.Net.Sockets;
using System.Security.Cryptography;
using EchoService.Configuration;
using EchoService.ControlPlane;
using EchoService.Diagnostics;
using EchoService.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Accepting;
using EchoService.Transport.Udp;
using Log = EchoService.ControlPlane.Log;

namespace EchoService;

/// <summary>Puts the service together. The program and the tests start the same one.</summary>
internal static class EchoServiceApplication
{
    /// <summary>Runs the service until a signal ends it.</summary>
    /// <param name="args">Command-line settings such as <c>--Echo:Port=0</c>.</param>
    /// <param name="signals">Takes signals until the host does.</param>
    /// <returns>The exit code: 0, or 1 when it could not start; standard error then says why, one line per problem.</returns>
    public static async Task<int> RunAsync(string[] args, StartSignals signals)
    {
        try
        {
            await using var app = Build(args);
            await StartAsync(app, signals.Token);
            // From here on the host's own handlers are enough: a signal drains.
            signals.Dispose();
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (Exception) when (signals.Token.IsCancellationRequested)
        {
            // Told to go before it was there: nothing has been served, and nothing is wrong.
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
        catch (Exception exception)
        {
            await Console.Error.WriteLineAsync(Describe(exception, args));
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
        builder.Services.AddTransport();
        builder.AddDiagnostics();
        builder.Services.AddLifecycle();
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
            // Configuration is read once, so nothing watches its files: that takes an inotify instance, of which a user
            // has few, and no start where there is none left.
            string[] once = ["--hostBuilder:reloadConfigOnChange=false"];
            var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = [.. once, .. args], ContentRootPath = AppContext.BaseDirectory });
            builder.WebHost.ConfigureKestrel((context, options) => options.Configure(context.Configuration.GetSection("Kestrel"), reloadOnChange: false));
            return builder;
        }
        catch (Exception exception) when (exception is FormatException or InvalidDataException)
        {
            // A command line or an appsettings.json that cannot be read at all.
            throw new StartupException($"configuration: {(exception.InnerException ?? exception).Message}");
        }
    }

    /// <summary>The end for a reason that nobody foresaw: one line, and all of it at debug.</summary>
    private static string Describe(Exception exception, string[] args)
    {
        var level = LogLevel.Information;
        try
        {
            var configuration = new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
            level = Enum.TryParse<LogLevel>(configuration["Logging:LogLevel:Default"], ignoreCase: true, out var given) ? given : level;
        }
        catch (FormatException)
        {
            // A command line that cannot be read says nothing of the level.
        }

        return level <= LogLevel.Debug
            ? exception.ToString()
            : $"EchoService cannot go on: {exception.Message.ReplaceLineEndings(" ")} ({exception.GetType().Name}; Logging:LogLevel:Default=Debug tells more)";
    }

    private static async Task StartAsync(WebApplication app, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
            var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(Log).Namespace!);
            foreach (var url in app.Urls)
            {
                Log.Listening(logger, url);
            }

            if (app.Services.GetRequiredService<ManagementOptions>().ApiKey is null)
            {
                Log.LoopbackIsNeeded(logger);
            }
            else
            {
                Log.KeyIsNeeded(logger);
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

    private static string DescribeEcho(SocketException exception, EchoOptions options)
    {
        var (key, port) = exception is BannerBindException ? ("Echo:BannerPort", options.BannerPort) : ("Echo:Port", options.Port);
        return exception.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => $"{key} = \"{port}\": is taken on {options.Address}{(exception is UdpBindException ? " for UDP" : "")}; must be a free port, or 0 for any",
            SocketError.AccessDenied => $"{key} = \"{port}\": is not allowed to this user; must be 1024 or above, or 0 for any, without CAP_NET_BIND_SERVICE",
            SocketError.AddressNotAvailable => $"Echo:Address = \"{options.Address}\": is not here; must be an address of this machine, or :: for all",
            _ => $"Echo:Address = \"{options.Address}\", {key} = \"{port}\": cannot be listened on: {new SocketException((int)exception.SocketErrorCode).Message}",
        };
    }
}
