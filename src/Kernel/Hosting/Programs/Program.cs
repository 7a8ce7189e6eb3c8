return Interactive.Kernel.Hosting.InteractiveTool.Run(args);
