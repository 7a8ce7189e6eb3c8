using Interactive.Kernel.Hosting;

// A cached script starts in little more time than the parser takes to load: one that is given alone goes past it.
return args is ["run", var script] && ScriptHost.IsPlain(script) ? ScriptHost.RunPlain(script) : InteractiveTool.Run(args);
