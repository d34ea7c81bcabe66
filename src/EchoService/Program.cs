using EchoService;
using EchoService.Transport;
using EchoService.Transport.Accepting;

if (DescriptorBudget.AreTooFew())
{
    return 1;
}

InlineCompletions.Enable();

return Array.IndexOf(args, "--healthcheck") >= 0
    ? HealthCheckCommand.Run(args)
    : await EchoServiceApplication.RunAsync(args);
