using System.Globalization;
using System.Net;
using EchoService.Configuration;

namespace EchoService;

/// <summary>
/// <c>EchoService --healthcheck</c>: asks the running service's <c>/livez</c> over loopback. For container health checks
/// in an image that has no shell and no curl.
/// </summary>
internal static class HealthCheckCommand
{
    // Below the three seconds that the image's HEALTHCHECK allows, so that the reason is printed and not lost.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    /// <returns>0 when the service answers 200, else 1; one line says which and why.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        // The whole host is not built for one question; these are the sources that it reads its endpoint from.
        var configuration = new ConfigurationBuilder()
            .SetBasePath(AppContext.BaseDirectory)
            .AddJsonFile("appsettings.json", optional: true)
            .AddEnvironmentVariables("ASPNETCORE_")
            .AddEnvironmentVariables()
            .AddCommandLine([.. args.Where(arg => arg != "--healthcheck")])
            .Build();
        return await RunAsync(configuration, Console.Out);
    }

    internal static async Task<int> RunAsync(IConfiguration configuration, TextWriter output)
    {
        Uri? uri = null;
        try
        {
            uri = LivezUri(configuration);
            if (uri is null)
            {
                await output.WriteLineAsync("unhealthy: the configuration names no http port to ask (it is 0 or https)");
                return 1;
            }

            using var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
            using var client = new HttpClient(handler) { Timeout = Timeout };
            using var response = await client.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead);
            var healthy = response.StatusCode == HttpStatusCode.OK;
            await output.WriteLineAsync($"{(healthy ? "healthy" : "unhealthy")}: {uri} answered {(int)response.StatusCode}");
            return healthy ? 0 : 1;
        }
        catch (HttpRequestException error)
        {
            await output.WriteLineAsync($"unhealthy: {uri}: {error.Message}");
        }
        catch (FormatException error)
        {
            await output.WriteLineAsync($"unhealthy: the management endpoint can't be read: {error.Message}");
        }
        catch (TaskCanceledException)
        {
            await output.WriteLineAsync($"unhealthy: {uri} did not answer within {Timeout.TotalSeconds:0} s");
        }
        return 1;
    }

    /// <summary>Where to ask, going by the settings that are in force; null when they name no http port.</summary>
    internal static Uri? LivezUri(IConfiguration configuration)
    {
        var configured = ManagementEndpoints.Configured(configuration);
        if (configured.Count == 0)
        {
            configured = [("http_ports", ManagementEndpoints.DefaultPort)];
        }

        return (from setting in configured
                where setting.Key != "https_ports"
                from value in setting.Value.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                let address = BindingAddress.Parse(setting.Key == "http_ports" ? $"http://*:{value}" : value)
                where address.Scheme == "http" && address.Port > 0
                select new Uri($"http://{Reachable(address.Host)}:{address.Port.ToString(CultureInfo.InvariantCulture)}/livez"))
            .FirstOrDefault();
    }

    // Kestrel takes what is neither an address nor localhost (*, +, a name) for "any address".
    private static string Reachable(string host) =>
        IPAddress.TryParse(host, out var ip) && !ip.Equals(IPAddress.Any) && !ip.Equals(IPAddress.IPv6Any)
            ? host
            : "localhost";
}
