namespace EchoService.ControlPlane.Document;

internal static class ResponseExampleExtensions
{
    public static RouteHandlerBuilder WithExample(this RouteHandlerBuilder builder, int statusCode, object value) =>
        builder.WithMetadata(new ResponseExample(statusCode, value));
}
