namespace EchoService.ControlPlane.Requests;

internal static class HeadExtensions
{
    private static readonly object Key = new();

    /// <summary>Answers HEAD wherever GET is answered, and in the same way: Kestrel knows what was asked and leaves the body out.</summary>
    public static void UseHead(this IApplicationBuilder app) => app.Use(static (context, next) =>
    {
        if (HttpMethods.IsHead(context.Request.Method))
        {
            context.Request.Method = HttpMethods.Get;
            context.Items[Key] = true;
        }

        return next(context);
    });

    /// <summary>Whether the headers are all that was asked for; for what would otherwise never end.</summary>
    public static bool IsHead(this HttpContext context) => context.Items.ContainsKey(Key);
}
