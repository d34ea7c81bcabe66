using System.Security.Cryptography;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;

namespace EchoService.ControlPlane.Page;

/// <summary>The page at <c>/</c>, for people: the files of <c>wwwroot</c>, which are in the assembly.</summary>
internal static class StatusPage
{
    private const string Folder = "wwwroot/";
    private const string Index = "index.html";

    // Everything from here, nothing inline, no forms that go anywhere; and no text can become markup or script even
    // where the page's own code would let it, since the browser refuses to take strings for either.
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    public static void MapStatusPage(this IEndpointRouteBuilder app)
    {
        var contentTypes = new FileExtensionContentTypeProvider();
        foreach (var resource in typeof(StatusPage).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(Folder, StringComparison.Ordinal)))
        {
            var name = resource[Folder.Length..];
            var contentType = contentTypes.Mappings[Path.GetExtension(name)];
            Map(app, name == Index ? "/" : $"/{name}", Read(resource), contentType.StartsWith("text/", StringComparison.Ordinal) ? $"{contentType}; charset=utf-8" : contentType);
        }
    }

    private static void Map(IEndpointRouteBuilder app, string path, byte[] content, string contentType)
    {
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 16))}\"");
        app.MapMethods(path, [HttpMethods.Get, HttpMethods.Head], (HttpResponse response) =>
        {
            // Asked for anew every time, and answered with 304: page and service are always of one version.
            response.Headers.CacheControl = "no-cache";
            response.Headers.ContentSecurityPolicy = Policy;
            response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
            response.Headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
            return TypedResults.Bytes(content, contentType, entityTag: tag);
        }).ExcludeFromDescription();
    }

    private static byte[] Read(string resource)
    {
        using var stream = typeof(StatusPage).Assembly.GetManifestResourceStream(resource)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}
