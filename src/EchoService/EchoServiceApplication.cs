using EchoService.Diagnostics;
using EchoService.Lifecycle;
using EchoService.Transport;

namespace EchoService;

/// <summary>Puts the service together. The program and the tests start the same one.</summary>
internal static class EchoServiceApplication
{
    /// <param name="args">Command-line settings such as <c>--Echo:Port=0</c>.</param>
    /// <param name="configure">What a test replaces, applied last.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddSingleton(new EchoOptions { Port = builder.Configuration.GetValue("Echo:Port", 7007) });
        builder.Services.AddSingleton(new DrainOptions());
        builder.AddTransport();
        builder.AddDiagnostics();
        builder.AddLifecycle();
        configure?.Invoke(builder);
        return builder.Build();
    }
}
