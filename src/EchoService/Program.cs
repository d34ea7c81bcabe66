using EchoService.Diagnostics;
using EchoService.Lifecycle;
using EchoService.Transport;

InlineCompletions.Enable();

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Services.AddSingleton(new EchoOptions());
builder.Services.AddSingleton(new DrainOptions());
builder.AddTransport();
builder.AddDiagnostics();
builder.AddLifecycle();

var app = builder.Build();
app.Run();
