using System.Net;
using System.Security.Cryptography;
using System.Text;
using EchoService.Configuration;
using Microsoft.Net.Http.Headers;

namespace EchoService.ControlPlane.Access;

/// <summary>
/// Who may change something: who has the key, or, where no key is set, who is on this machine. Runs after routing and
/// before an endpoint reads anything of the request. It asks for the method and not for metadata, so that no endpoint
/// can be forgotten.
/// </summary>
internal sealed class AccessRule
{
    private const string Scheme = "Bearer ";

    private readonly RequestDelegate _next;

    // Hashes are compared, not keys: they are of one length, so that the time tells nothing of the key's either.
    private readonly byte[]? _keyHash;

    public AccessRule(RequestDelegate next, ManagementOptions options, ILogger<AccessRule> logger)
    {
        _next = next;
        if (options.ApiKey is { } key)
        {
            _keyHash = Hash(key);
            if (key.Length < ManagementSettings.ShortestSoundKey)
            {
                Log.KeyIsShort(logger, ManagementSettings.ShortestSoundKey);
            }
        }
    }

    public Task InvokeAsync(HttpContext context)
    {
        // What routing answers itself (404, 405, 415) is no RouteEndpoint.
        if (context.GetEndpoint() is not RouteEndpoint || IsSafe(context.Request.Method))
        {
            return _next(context);
        }

        if (_keyHash is not null)
        {
            if (HasKey(context.Request))
            {
                return _next(context);
            }

            context.Response.Headers.WWWAuthenticate = "Bearer";
            return Refuse(context, StatusCodes.Status401Unauthorized, "Calls that change something need the header \"Authorization: Bearer <key>\" with the key of Management:ApiKey or Management:ApiKeyFile.");
        }

        return WhyNotLoopback(context) is { } reason
            ? Refuse(context, StatusCodes.Status403Forbidden, $"{reason} While no key is set, calls that change something are taken from loopback alone. Set Management:ApiKey or Management:ApiKeyFile, and send the key as \"Authorization: Bearer <key>\".")
            : _next(context);
    }

    private static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private static Task Refuse(HttpContext context, int status, string detail) =>
        TypedResults.Problem(statusCode: status, detail: detail).ExecuteAsync(context);

    /// <summary>Which of the signs of a caller elsewhere the request shows; null if none.</summary>
    private static string? WhyNotLoopback(HttpContext context)
    {
        // On a dual-stack endpoint an IPv4 peer shows as ::ffff:127.0.0.1, which is 127.0.0.1.
        var peer = context.Connection.RemoteIpAddress;
        peer = peer is { IsIPv4MappedToIPv6: true } ? peer.MapToIPv4() : peer;
        if (peer is null || !(peer.Equals(IPAddress.Loopback) || peer.Equals(IPAddress.IPv6Loopback)))
        {
            return $"The call came from {peer?.ToString() ?? "an unknown address"}.";
        }

        var request = context.Request;
        foreach (var (name, _) in request.Headers)
        {
            if (name.Equals("Forwarded", StringComparison.OrdinalIgnoreCase)
                || name.Equals(HeaderNames.Via, StringComparison.OrdinalIgnoreCase)
                || name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase))
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

    private bool HasKey(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(Hash(header[Scheme.Length..].Trim(' ')), _keyHash);
    }
}
