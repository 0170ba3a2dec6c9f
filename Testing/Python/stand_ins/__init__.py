"""What only the Slicer application has, in plain Python: PythonQt's manners, ctk and qMRML widgets, the application.

A stand-in holds what the module may use and nothing else: a misspelt name raises here, as it does in Slicer.
"""
