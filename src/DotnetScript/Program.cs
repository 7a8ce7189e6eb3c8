return Interactive.Kernel.Hosting.ScriptTool.Run(args);
