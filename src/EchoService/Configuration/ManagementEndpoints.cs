using System.Globalization;

namespace EchoService.Configuration;

/// <summary>Where the management API listens: ASP.NET Core's own settings, and port 8080 where there is none.</summary>
internal static class ManagementEndpoints
{
    public const string DefaultPort = "8080";

    private static readonly string[] PortKeys = ["http_ports", "https_ports"];

    /// <summary>The settings that are in force, by ASP.NET Core's precedence.</summary>
    public static IReadOnlyList<(string Key, string Value)> Configured(IConfiguration configuration)
    {
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren()
            .Select(endpoint => ($"{endpoint.Path}:Url", endpoint["Url"] ?? ""))
            .ToList();
        if (endpoints.Count > 0)
        {
            return endpoints;
        }

        return configuration["urls"] is { Length: > 0 } urls
            ? [("urls", urls)]
            : [.. from key in PortKeys let ports = configuration[key] where ports is { Length: > 0 } select (key, ports)];
    }

    /// <summary>Sets the default where nothing is given, and notes what Kestrel would take amiss or, worse, take for something else.</summary>
    public static void Apply(IConfiguration configuration, List<string> problems)
    {
        var configured = Configured(configuration);
        if (configured.Count == 0)
        {
            // By port and not by address: Kestrel then falls back to IPv4 where IPv6 is off.
            configuration["http_ports"] = DefaultPort;
        }

        foreach (var (key, value) in configured)
        {
            var sound = key.EndsWith("_ports", StringComparison.Ordinal) ? Split(value).All(IsPort) : Split(value).All(IsUrl);
            if (!sound || Split(value).Length == 0)
            {
                problems.Add($"{key} = \"{value}\": must be " + (key.EndsWith("_ports", StringComparison.Ordinal)
                    ? "port numbers from 0 to 65535, separated by semicolons"
                    : "addresses such as http://127.0.0.1:8080 or http://*:8080, separated by semicolons"));
            }
        }
    }

    private static string[] Split(string value) => value.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static bool IsPort(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static bool IsUrl(string text)
    {
        BindingAddress address;
        try
        {
            address = BindingAddress.Parse(text);
        }
        catch (FormatException)
        {
            return false;
        }

        if (address.Scheme is not ("http" or "https") || address.PathBase.Length > 0)
        {
            return false;
        }

        // A port that is no number is taken for a part of the host, and the host for "any": http://*:80a would listen on 80.
        return address.IsUnixPipe || address.IsNamedPipe
            || (address.Port is >= 0 and <= 65_535 && (!address.Host.Contains(':', StringComparison.Ordinal) || address.Host.EndsWith(']')));
    }
}
