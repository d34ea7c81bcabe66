using EchoService;
using EchoService.Transport;
using EchoService.Transport.Accepting;

var isHealthCheck = Array.IndexOf(args, "--healthcheck") >= 0;

// First of all: a signal that comes earlier ends the process the kernel's way, and is lost on process 1 of a container.
using var signals = isHealthCheck ? null : new StartSignals();

if (DescriptorBudget.AreTooFew())
{
    return 1;
}

InlineCompletions.Enable();

return signals is null ? HealthCheckCommand.Run(args) : await EchoServiceApplication.RunAsync(args, signals);
