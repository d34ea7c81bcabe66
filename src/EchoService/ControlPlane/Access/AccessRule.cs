using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using EchoService.Configuration;
using Microsoft.Net.Http.Headers;

namespace EchoService.ControlPlane.Access;

/// <summary>
/// Who may change something: who has the key, or, where no key is set, who is on this machine. Runs after routing and
/// before an endpoint reads anything of the request. It asks for the method and not for metadata, so that no endpoint
/// can be forgotten. Who did change something is logged, with what.
/// </summary>
internal sealed class AccessRule
{
    private const string Scheme = "Bearer ";

    /// <summary>Headers by which proxies, balancers and delivery networks say that a call is not their own; with a * those that begin so.</summary>
    private static readonly string[] ProxyHeaders =
    [
        "Forwarded*", "Forwarded-*", "Via", "X-Forwarded*", "X-Original-*", "X-Real-*", "X-Client-*", "X-Cluster-Client-*", "X-Remote-*",
        "X-Host", "X-Scheme", "X-Proxy*", "Proxy-*", "WL-Proxy-*", "X-Envoy-*", "X-Varnish*", "X-Amzn-*", "X-Azure-*", "X-ARR-*",
        "X-Cloud-Trace-Context", "X-AppEngine-*", "X-Google-*", "X-Akamai-*", "X-Coming-From", "X-Bluecoat-Via", "X-Traefik-*",
        "Client-IP", "True-Client-IP", "Fastly-*", "Fly-*", "CF-*", "CDN-Loop", "Akamai-*", "Incap-Client-IP", "X-Sucuri-*", "Max-Forwards",
    ];

    private readonly RequestDelegate _next;
    private readonly WrongKeys _wrongKeys;
    private readonly ILogger _logger;

    // Hashes are compared, not keys: they are of one length, so that the time tells nothing of the key's either.
    private readonly byte[]? _keyHash;

    public AccessRule(RequestDelegate next, ManagementOptions options, WrongKeys wrongKeys, ILogger<AccessRule> logger)
    {
        _next = next;
        _wrongKeys = wrongKeys;
        _logger = logger;
        _keyHash = options.ApiKey is { } key ? Hash(key) : null;
    }

    public Task InvokeAsync(HttpContext context)
    {
        // What routing answers itself (404, 405, 415) is no RouteEndpoint.
        if (context.GetEndpoint() is not RouteEndpoint || IsSafe(context.Request.Method))
        {
            return _next(context);
        }

        var peer = TransportPeer.Of(context);
        if (_keyHash is not null)
        {
            return HasKey(context.Request) ? ChangeAsync(context, $"{peer} with the key") : RefuseKey(context, peer);
        }

        return WhyNotLoopback(context, peer) is { } reason
            ? Refuse(context, StatusCodes.Status403Forbidden, $"{reason} While no key is set, calls that change something are taken from loopback alone. Set Management:ApiKey or Management:ApiKeyFile, and send the key as \"Authorization: Bearer <key>\".")
            : ChangeAsync(context, $"{peer}, which is loopback");
    }

    private static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private static Task Refuse(HttpContext context, int status, string detail) =>
        TypedResults.Problem(statusCode: status, detail: detail).ExecuteAsync(context);

    /// <summary>Which of the signs of a caller elsewhere the request shows; null if none.</summary>
    private static string? WhyNotLoopback(HttpContext context, IPAddress? peer)
    {
        if (peer is null || !(peer.Equals(IPAddress.Loopback) || peer.Equals(IPAddress.IPv6Loopback)))
        {
            return $"The call came from {peer?.ToString() ?? "an unknown address"}.";
        }

        var request = context.Request;
        if (HttpProtocol.IsHttp10(request.Protocol) || HttpProtocol.IsHttp09(request.Protocol))
        {
            // As nginx speaks to whom it passes calls on.
            return $"A call by {request.Protocol} may be one that a proxy passed on.";
        }

        foreach (var (name, _) in request.Headers)
        {
            if (Array.Exists(ProxyHeaders, header => header[^1] == '*'
                ? name.AsSpan().StartsWith(header.AsSpan(0, header.Length - 1), StringComparison.OrdinalIgnoreCase)
                : name.Equals(header, StringComparison.OrdinalIgnoreCase)))
            {
                return $"The header {name} says that a proxy passed the call on.";
            }
        }

        if (request.Host.Host.ToUpperInvariant() is not ("LOCALHOST" or "127.0.0.1" or "[::1]"))
        {
            return $"The host \"{request.Host.Host}\" is not a name of loopback.";
        }

        if (request.Headers.TryGetValue(HeaderNames.Origin, out var origin)
            && !string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase))
        {
            return "The header Origin says that another site's page sent the call.";
        }

        if (request.Headers.TryGetValue("Sec-Fetch-Site", out var site) && site.ToString() is not ("same-origin" or "none"))
        {
            return "The header Sec-Fetch-Site says that another site's page sent the call.";
        }

        return null;
    }

    private async Task ChangeAsync(HttpContext context, string caller)
    {
        await _next(context);
        if (context.Response.StatusCode < StatusCodes.Status400BadRequest)
        {
            // Escaped, for a path may hold a line feed.
            var path = context.Request.Path.ToUriComponent();
            var change = context.ReadChange();
            Log.Changed(_logger, context.Request.Method, path, caller, change);
        }
    }

    private Task RefuseKey(HttpContext context, IPAddress? peer)
    {
        // Who shows no key guesses none.
        if (context.Request.Headers.Authorization.Count > 0 && _wrongKeys.IsTooMany(peer, out var wait))
        {
            context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            return Refuse(context, StatusCodes.Status429TooManyRequests, $"More than {WrongKeys.Allowed} wrong keys came from {peer?.ToString() ?? "there"} within a minute. The right one is taken at any time.");
        }

        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Refuse(context, StatusCodes.Status401Unauthorized, "Calls that change something need the header \"Authorization: Bearer <key>\" with the key of Management:ApiKey or Management:ApiKeyFile.");
    }

    private bool HasKey(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(Hash(header[Scheme.Length..].Trim(' ')), _keyHash);
    }
}
