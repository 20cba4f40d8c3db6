"""Official files from their publishers: where each one is this month, and a download that resumes and stays bounded.

Whether what came is the file it should be is for its own loader to say; `pipeline/_fetch.py` puts the two together.
"""
