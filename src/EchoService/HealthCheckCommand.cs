using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using EchoService.Configuration;

namespace EchoService;

/// <summary>
/// <c>EchoService --healthcheck</c>: asks the running service's <c>/livez</c>, wherever it was told to listen. For
/// container health checks in an image that has no shell and no curl.
/// </summary>
/// <remarks>A bare socket and no HTTP client: it runs every few seconds, and what it costs is mostly what it loads.</remarks>
internal static class HealthCheckCommand
{
    /// <summary>Below the three seconds that the image's HEALTHCHECK allows, so that the reason is printed and not lost.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    /// <returns>0 when the service answers 200, else 1; one line says which and why.</returns>
    public static int Run(string[] args)
    {
        args = [.. args.Where(arg => arg != "--healthcheck")];
        if (args.Length == 0)
        {
            args = ArgumentsOfService();
        }

        // The whole host is not built for one question; these are the sources that it reads its endpoint from.
        IConfiguration host = new ConfigurationBuilder().AddEnvironmentVariables("ASPNETCORE_").AddEnvironmentVariables("DOTNET_").AddCommandLine(args).Build();
        var configuration = new ConfigurationBuilder()
            .AddConfiguration(host)
            .SetBasePath(AppContext.BaseDirectory)
            .AddJsonFile("appsettings.json", optional: true)
            .AddJsonFile($"appsettings.{host["environment"] ?? "Production"}.json", optional: true)
            .AddEnvironmentVariables()
            .AddCommandLine(args)
            .Build();
        return Run(configuration, Console.Out);
    }

    internal static int Run(IConfiguration configuration, TextWriter output)
    {
        BindingAddress? address = null;
        try
        {
            address = Address(configuration);
            if (address is null)
            {
                output.WriteLine("unhealthy: the configuration names no port to ask (it is 0)");
                return 1;
            }

            var status = Ask(address);
            output.WriteLine($"{(status == "200" ? "healthy" : "unhealthy")}: {Describe(address)} answered {status}");
            return status == "200" ? 0 : 1;
        }
        catch (FormatException error)
        {
            output.WriteLine($"unhealthy: the management endpoint can't be read: {error.Message}");
        }
        catch (Exception error) when (error is TimeoutException or IOException { InnerException: SocketException { SocketErrorCode: SocketError.TimedOut } })
        {
            output.WriteLine($"unhealthy: {Describe(address!)} did not answer within {Timeout.TotalSeconds:0} s");
        }
        catch (Exception error) when (error is SocketException or IOException or AuthenticationException)
        {
            output.WriteLine($"unhealthy: {Describe(address!)}: {error.Message}");
        }

        return 1;
    }

    /// <summary>Where to ask, going by the settings that are in force: plain HTTP if there is any; null when they name no port.</summary>
    internal static BindingAddress? Address(IConfiguration configuration)
    {
        var configured = ManagementEndpoints.Configured(configuration);
        if (configured.Count == 0)
        {
            configured = [("http_ports", ManagementEndpoints.DefaultPort)];
        }

        return (from setting in configured
                from value in setting.Value.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                let address = BindingAddress.Parse(setting.Key switch
                {
                    "http_ports" => $"http://*:{value}",
                    "https_ports" => $"https://*:{value}",
                    _ => value,
                })
                where address.IsUnixPipe || address.Port > 0
                orderby address.Scheme == "http" descending
                select address)
            .FirstOrDefault();
    }

    /// <summary>The service's own command line: what a container was started with, a health check of the image is not told.</summary>
    private static string[] ArgumentsOfService()
    {
        if (!OperatingSystem.IsLinux())
        {
            return [];
        }

        var processes = new DirectoryInfo("/proc").EnumerateDirectories()
            .Select(directory => int.TryParse(directory.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0 && id != Environment.ProcessId)
            .Order();
        foreach (var id in processes)
        {
            try
            {
                var commandLine = File.ReadAllText($"/proc/{id}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
                var program = Array.FindIndex(commandLine, part => Path.GetFileName(part) is "EchoService" or "EchoService.dll");
                // Itself, or behind the runtime's own command; not an argument of something else.
                if (program is 0 or 1 && !commandLine.Contains("--healthcheck"))
                {
                    return commandLine[(program + 1)..];
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It has ended meanwhile, or is not ours to see.
            }
        }

        return [];
    }

    /// <returns>The status code of the answer.</returns>
    private static string Ask(BindingAddress address)
    {
        EndPoint endPoint = address.IsUnixPipe ? new UnixDomainSocketEndPoint(address.UnixPipePath) : new IPEndPoint(Reachable(address.Host), address.Port);
        using var socket = new Socket(
            endPoint.AddressFamily, SocketType.Stream, endPoint is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp);
        Connect(socket, endPoint);
        socket.Blocking = true;
        socket.SendTimeout = socket.ReceiveTimeout = (int)Timeout.TotalMilliseconds;
        using var stream = Open(socket, address);
        stream.Write("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8);
        // "HTTP/1.1 200 OK"; more is not looked at.
        Span<byte> start = stackalloc byte[12];
        var read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return read == start.Length && start.StartsWith("HTTP/1.1 "u8)
            ? string.Create(CultureInfo.InvariantCulture, $"{(char)start[9]}{(char)start[10]}{(char)start[11]}")
            : throw new IOException("what answers there does not speak HTTP");
    }

    private static void Connect(Socket socket, EndPoint endPoint)
    {
        // Not to wait for as long as the kernel would, where the backlog is full.
        socket.Blocking = false;
        try
        {
            socket.Connect(endPoint);
            return;
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            if (!socket.Poll(Timeout, SelectMode.SelectWrite))
            {
                throw new TimeoutException();
            }
        }

        if (socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error) is int error and not 0)
        {
            throw new SocketException(error);
        }
    }

    private static Stream Open(Socket socket, BindingAddress address)
    {
        var stream = new NetworkStream(socket, ownsSocket: false);
        if (address.Scheme != "https")
        {
            return stream;
        }

#pragma warning disable CA5359 // Whose certificate it is does not matter: it is this machine that is asked, and nothing is told to it.
        var secured = new SslStream(stream, leaveInnerStreamOpen: false, static (_, _, _, _) => true);
#pragma warning restore CA5359
        secured.AuthenticateAsClient("localhost");
        return secured;
    }

    /// <summary>What is asked, as the line says it.</summary>
    internal static string Describe(BindingAddress address)
    {
        if (address.IsUnixPipe)
        {
            return $"{address.UnixPipePath}: /livez";
        }

        var ip = Reachable(address.Host);
        return $"{address.Scheme}://{(ip.Equals(IPAddress.Loopback) ? "localhost" : address.Host)}:{address.Port.ToString(CultureInfo.InvariantCulture)}/livez";
    }

    // Kestrel takes what is neither an address nor localhost (*, +, a name) for "any address".
    private static IPAddress Reachable(string host) =>
        IPAddress.TryParse(host, out var ip) && !ip.Equals(IPAddress.Any) && !ip.Equals(IPAddress.IPv6Any) ? ip : IPAddress.Loopback;
}
