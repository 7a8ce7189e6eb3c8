using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Interactive.Dashboard;
using Interactive.Monitoring;

// interactive-dashboard FOLDER ADDRESS PORT: `interactive dashboard` has checked them.
var settings = new Settings(Path.GetFullPath(args[0]), IPAddress.Parse(args[1]),
    int.Parse(args[2], CultureInfo.InvariantCulture), Environment.GetEnvironmentVariable(Settings.TokenVariable));
WebApplication app;
try
{
    app = Server.Create(settings);
    await app.StartAsync();
}
catch (Exception e) when (e is IOException or SocketException)
{
    Console.Error.WriteLine($"interactive: --port {settings.Port} of {settings.Address} cannot be used: {e.InnerException?.Message ?? e.Message}");
    return 2;
}
var address = Server.AddressOf(app, settings);
Console.WriteLine($"{settings.Folder} at {address}  (Ctrl-C ends it)");
_ = FirstAsk.Ask(new(address), RunDirectory.All(settings.Folder).LastOrDefault()?.Id);
await app.WaitForShutdownAsync();
return 0;
