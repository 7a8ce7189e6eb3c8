using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Interactive.Dashboard;

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
Console.WriteLine($"{settings.Folder} at {Server.AddressOf(app, settings)}  (Ctrl-C ends it)");
await app.WaitForShutdownAsync();
return 0;
