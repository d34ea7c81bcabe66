using EchoService;
using EchoService.Transport;

InlineCompletions.Enable();

return args.Contains("--healthcheck")
    ? await HealthCheckCommand.RunAsync(args)
    : await EchoServiceApplication.RunAsync(args);
