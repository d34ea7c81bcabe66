namespace EchoService.ControlPlane.Document;

internal static class ResponseExampleExtensions
{
    public static RouteHandlerBuilder WithExample(this RouteHandlerBuilder builder, int statusCode, object value) =>
        builder.WithMetadata(new ResponseExample(statusCode, value));

    public static RouteHandlerBuilder WithRequestExamples(this RouteHandlerBuilder builder, IReadOnlyDictionary<string, object> values) =>
        builder.WithMetadata(new RequestExamples(values));
}
