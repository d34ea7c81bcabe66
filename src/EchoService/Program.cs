using EchoService;
using EchoService.Transport;

InlineCompletions.Enable();

if (args.Contains("--healthcheck"))
{
    return await HealthCheckCommand.RunAsync(args);
}

await using var app = EchoServiceApplication.Build(args);
await app.RunAsync();
return 0;
