namespace EchoService.ControlPlane;

/// <summary>An example of an answer, as metadata of its endpoint; a value of the answer's own type, so that it cannot go stale.</summary>
internal sealed record ResponseExample(int StatusCode, object Value);

internal static class ResponseExampleExtensions
{
    public static RouteHandlerBuilder WithExample(this RouteHandlerBuilder builder, int statusCode, object value) =>
        builder.WithMetadata(new ResponseExample(statusCode, value));
}
